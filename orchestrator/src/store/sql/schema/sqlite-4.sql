ALTER TABLE choices RENAME TO selections;
ALTER TABLE selections RENAME COLUMN chosen TO selected;
ALTER TABLE selections RENAME COLUMN choice TO record;
