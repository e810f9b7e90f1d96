-- Sales come in the order of their days: a few pages say where a month's lie, and a sale pays nearly
-- nothing for it. What a person bought is found by the months that their cap knows.
CREATE INDEX sale_by_day ON sale USING brin (business_date) WITH (pages_per_range = 32);
