ALTER TABLE provider DROP COLUMN media_url;
