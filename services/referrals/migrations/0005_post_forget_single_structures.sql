-- For whom a referrer works is in "employment" alone, now that no old code writes it here.

INSERT INTO employment (user_id, structure_id, from_on)
SELECT user_id, structure_id, (now() AT TIME ZONE 'Europe/Paris')::date
  FROM worker
 WHERE structure_id IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM employment WHERE employment.user_id = worker.user_id);
ALTER TABLE worker DROP COLUMN structure_id;
