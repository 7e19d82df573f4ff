-- oldest-binary: 10

-- One of three migrations, so that none locks two tables that servers write to: that would deadlock with them.
ALTER TABLE work_backoff DROP CONSTRAINT work_backoff_process_check;
ALTER TABLE work_backoff ADD CONSTRAINT work_backoff_process_fkey FOREIGN KEY (process) REFERENCES process (process);
