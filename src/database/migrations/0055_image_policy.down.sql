ALTER TABLE image_version DROP COLUMN fetched_signature;
DROP TABLE image_rule;
