-- The roles and databases of the cluster that the Go plugin's manifests are of (fixtures/plakar).

create role app_owner login password 'secret1' connection limit 7 valid until '2031-02-03 04:05:06+00';
create role readers nologin;
create role alice login password 'pw-alice' in role readers;
grant readers to app_owner;
alter role alice set search_path = app, public;
create database appdb owner app_owner;
create database shop;
create database "odd-name DB" connection limit 5;
alter database appdb set work_mem = '8MB';
create table pgnote (i int);
insert into pgnote values (42);
