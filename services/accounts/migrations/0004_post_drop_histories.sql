-- What they said is in the log; they held whole network addresses, and for ever.
DROP TABLE account_change;
DROP TABLE sign_in_event;
