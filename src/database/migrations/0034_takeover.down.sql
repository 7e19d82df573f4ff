DELETE FROM history_event WHERE event IN ('ssh_set', 'ssh_host_key_accepted', 'takeover_begun');
DROP TABLE machine_network;
DROP TABLE machine_takeover_key;
DROP TABLE machine_ssh;
