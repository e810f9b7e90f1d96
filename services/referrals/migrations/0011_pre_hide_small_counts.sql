-- Fewer people than this in a count could be recognised: it is not shown to whoever does not know them.
INSERT INTO rule (name, from_on, value) VALUES ('small_count_people', '2010-01-01', 5);
