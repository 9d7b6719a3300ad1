alter table stations drop column height;
