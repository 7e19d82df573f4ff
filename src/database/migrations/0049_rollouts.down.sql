DROP TABLE rollout_event;
DROP TABLE machine_rollout_hold;
DROP TABLE rollout_machine;
DROP TABLE rollout;
DELETE FROM history_event
    WHERE event IN ('rollout_joined', 'rollout_left_out', 'rollout_good', 'rollout_failed', 'rollout_cancelled');
