DROP TABLE webhook_dead_letter;
DROP TABLE webhook_delivery;
DROP TABLE webhook_line;
DROP TABLE webhook;
DROP INDEX history_order;
