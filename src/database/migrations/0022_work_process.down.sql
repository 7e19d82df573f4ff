ALTER TABLE work DROP CONSTRAINT work_process_fkey;
ALTER TABLE work ADD CONSTRAINT work_process_check CHECK (process IN ('ShepherdAgentStart', 'ShepherdRecovery'));
