-- The monthly cap counts what the table rule says since 0003.

DROP TABLE cap_rule;
