-- A lease is sold on one chain: its device's, or that of the person who took it at this till.  Where
-- device_chain, offline_ticket and offline_refusal say device_id, they mean whose chain it is.

ALTER TABLE lease
    ADD COLUMN chain_id uuid,    -- whose chain its sales stand in; null: the device's, as before 0012
    ADD CONSTRAINT lease_chain_is_its_takers
        CHECK (chain_id IS NULL OR by_device = (chain_id = device_id));
