-- The database that the documents' commands back up and restore.
create role app login;
create database shop owner app;
\connect shop
set role app;
create table customers (id int primary key, name text not null);
create table orders (
    id int primary key,
    customer int not null references customers,
    placed date not null,
    total numeric(10, 2) not null
);
create index orders_placed on orders (placed);
create view totals as
    select name, sum(total) as total from customers join orders on customer = customers.id group by name;
create function customer_name(wanted int) returns text
    language sql stable as 'select name from customers where id = wanted';
insert into customers select i, 'customer ' || i from generate_series(1, 100) i;
insert into orders
    select i, i % 100 + 1, date '2026-01-01' + i % 365, i / 100.0 from generate_series(1, 1000) i;
