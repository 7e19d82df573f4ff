-- oldest-binary: 10

-- Bytes per second in the phase, mostly of its last ten seconds: reports are too far apart to compute it from two of them.
ALTER TABLE machine_os_installation_progress ADD COLUMN bytes_per_second double precision;
