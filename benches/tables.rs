//! What the measured databases share.

/// Many small tables, each with a key, an index, a check and a comment.
pub fn small_tables(count: u32) -> String {
    format!(
        "do $$ begin
           for i in 1..{count} loop
             execute format('create table t%s (id bigint primary key, name text not null default %L, n int check (n > 0), '
               'created timestamptz default now())', i, 'n' || i);
             execute format('create index on t%s (created)', i);
             execute format('comment on table t%s is %L', i, 'table ' || i);
             if i % 500 = 0 then commit; end if;
           end loop;
         end $$;
         analyze;"
    )
}

/// So many GB of [`wide_rows`].
pub fn wide_table(gigabytes: u32) -> String {
    wide_rows(gigabytes * 2_800_000)
}

/// Rows of many types: numbers, text, jsonb, arrays, bytea, times.
pub fn wide_rows(rows: u32) -> String {
    format!(
        "create table wide (id bigint primary key, hash text not null, words text, doc jsonb, numbers int[], raw bytea, at timestamptz);
         insert into wide
           select i, md5(i::text), repeat(md5((i / 10)::text), 3), jsonb_build_object('id', i, 'name', md5((i * 7)::text), 'n', i % 1000),
                  array[i, i % 10, i / 3], decode(md5((i * 13)::text) || md5((i * 11)::text), 'hex'),
                  '2024-01-01 00:00:00+00'::timestamptz + i * interval '1 second'
           from generate_series(1, {rows}) i;
         analyze wide;"
    )
}

/// What is made of [`wide_table`] besides its key.
pub const WIDE_INDEXES: &str = "
create index on wide (hash);
create index on wide (at);
";
