insert into seen values ('script', :'revision');
insert into seen select 'semicolons; in scripts', ':''revision''';
