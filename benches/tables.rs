//! What the measured databases share.

/// Many small tables, each with a key, an index, a check and a comment.
pub(crate) fn small_tables(count: u32) -> String {
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
