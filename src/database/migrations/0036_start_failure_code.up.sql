-- oldest-binary: 10

-- Of the controller's error, if the last of the failed starts failed by one.
ALTER TABLE machine_start_failure ADD COLUMN failed_code text;
