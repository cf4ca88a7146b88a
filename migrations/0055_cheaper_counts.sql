-- Roll-out: a setting of one function; older processes call it as before.
--
-- What is counted anew while a table is small needs its size and the rough shape of its columns, not a sample of 30,000 rows:
-- autovacuum takes that once the table has settled.
alter function recoup_count_grown() set default_statistics_target = 10;
