DROP INDEX webhook_delivery_queued;
DELETE FROM webhook_line d WHERE NOT EXISTS (SELECT FROM webhook w WHERE w.webhook_id = d.webhook_id);
DELETE FROM webhook_delivery d WHERE NOT EXISTS (SELECT FROM webhook w WHERE w.webhook_id = d.webhook_id);
DELETE FROM webhook_dead_letter d WHERE NOT EXISTS (SELECT FROM webhook w WHERE w.webhook_id = d.webhook_id);
ALTER TABLE webhook_line ADD FOREIGN KEY (webhook_id) REFERENCES webhook (webhook_id) ON DELETE CASCADE;
ALTER TABLE webhook_delivery ADD FOREIGN KEY (webhook_id) REFERENCES webhook (webhook_id) ON DELETE CASCADE;
ALTER TABLE webhook_dead_letter ADD FOREIGN KEY (webhook_id) REFERENCES webhook (webhook_id) ON DELETE CASCADE;
