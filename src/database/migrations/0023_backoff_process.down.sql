ALTER TABLE work_backoff DROP CONSTRAINT work_backoff_process_fkey;
ALTER TABLE work_backoff ADD CONSTRAINT work_backoff_process_check CHECK (process IN ('ShepherdAgentStart', 'ShepherdRecovery'));
