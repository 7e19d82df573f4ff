ALTER TABLE machine_state DROP CONSTRAINT machine_state_candidate_fkey;
ALTER TABLE machine_state ADD CONSTRAINT machine_state_candidate_check CHECK (candidate IN ('ShepherdAgentStart', 'ShepherdRecovery'));
