-- A wipe counts as passed with the number of its certificate or report, and not without.

-- Not validated: what was written down before the rule stays as it was.
ALTER TABLE wipe
    ADD CONSTRAINT wipe_certificate_check CHECK (NOT passed OR certificate_no IS NOT NULL) NOT VALID;
