from django.db import migrations

# Postings are read from the primary key's index alone, which therefore carries every column. Its pages are only known
# to be visible to everybody after a vacuum, so that comes sooner than by default.
POSTINGS = """
alter table kb_posting alter column frequency type real;
alter table kb_posting drop constraint kb_posting_pkey;
alter table kb_posting add primary key (term, scope_id, passage_id) include (version_id, frequency, length);
alter table kb_posting set (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
"""
# Vectors stay in their row: an exact scan reads them in passing.
VECTORS = "alter table kb_passagevector alter column embedding set storage main;"

VALIDITY = """
alter table kb_indexedversion add column valid datemultirange not null default '{}';
create index indexed_not_always on kb_indexedversion (version_id) where valid <> '{(,)}'::datemultirange;
create index passages_disabled on kb_passage (id) where not enabled;

create function kb_refresh_validity(wanted bigint) returns void language sql as $$
    with versions as (
        select v.id, v.number, d.current_version_id,
            case when v.effective_from > v.effective_to then 'empty'::daterange
                 else daterange(v.effective_from, v.effective_to, '[]') end as days,
            bool_or(v.effective_from is not null or v.effective_to is not null) over () as dated
        from kb_documentversion v join kb_document d on d.id = v.document_id
        where v.document_id = wanted and v.state = 'ready'
    ), resolved as (
        select id, case
            when dated then datemultirange(days) - coalesce(
                range_agg(days) over (order by number desc rows between unbounded preceding and 1 preceding), '{}')
            when id = current_version_id then '{(,)}'::datemultirange
            else '{}'::datemultirange end as valid
        from versions
    ), refreshed as (
        select i.version_id, coalesce(r.valid, '{}'::datemultirange) as valid
        from kb_indexedversion i join kb_documentversion v on v.id = i.version_id left join resolved r on r.id = v.id
        where v.document_id = wanted
    )
    update kb_indexedversion i set valid = r.valid from refreshed r
    where i.version_id = r.version_id and i.valid <> r.valid
$$;

create function kb_version_changed() returns trigger language plpgsql as $$
begin
    perform kb_refresh_validity(new.document_id);
    return null;
end $$;
create trigger validity after update of state, effective_from, effective_to on kb_documentversion for each row
    when ((old.state, old.effective_from, old.effective_to) is distinct from (new.state, new.effective_from, new.effective_to))
    execute function kb_version_changed();

create function kb_document_changed() returns trigger language plpgsql as $$
begin
    perform kb_refresh_validity(new.id);
    return null;
end $$;
create trigger validity after update of current_version_id on kb_document for each row
    when (old.current_version_id is distinct from new.current_version_id) execute function kb_document_changed();
"""
DROP_VALIDITY = """
drop trigger validity on kb_document; drop function kb_document_changed();
drop trigger validity on kb_documentversion; drop function kb_version_changed();
drop function kb_refresh_validity(bigint); drop index passages_disabled; alter table kb_indexedversion drop column valid;
"""

# Totals follow the versions, and index entries go with what they are made from, whoever writes or deletes it.
UPKEEP = """
create function kb_indexedversion_changed() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' and old.passages <> 0 then
        insert into kb_indextotal (scope_id, passages, length) values (old.scope_id, -old.passages, -old.length);
    end if;
    if tg_op <> 'DELETE' and new.passages <> 0 then
        insert into kb_indextotal (scope_id, passages, length) values (new.scope_id, new.passages, new.length);
    end if;
    if tg_op = 'INSERT' then
        perform kb_refresh_validity(v.document_id) from kb_documentversion v where v.id = new.version_id;
    elsif tg_op = 'DELETE' then
        delete from kb_posting where version_id = old.version_id;
        delete from kb_passagevector where version_id = old.version_id;
    end if;
    return null;
end $$;
create trigger upkeep after insert or delete or update of scope_id, passages, length on kb_indexedversion
    for each row execute function kb_indexedversion_changed();

create function kb_passages_deleted() returns trigger language plpgsql as $$
begin
    delete from kb_passagevector v using gone g where v.version_id = g.version_id and v.passage_id = g.id;
    with deleted as (
        delete from kb_posting p using gone g where p.version_id = g.version_id and p.passage_id = g.id
        returning p.version_id, p.passage_id, p.length
    ), lost as (
        select version_id, count(*) as passages, sum(length) as length
        from (select distinct * from deleted) each_once group by version_id
    )
    update kb_indexedversion i set passages = i.passages - lost.passages, length = i.length - lost.length
    from lost where lost.version_id = i.version_id;
    return null;
end $$;
create trigger upkeep after delete on kb_passage referencing old table as gone
    for each statement execute function kb_passages_deleted();
"""
DROP_UPKEEP = """
drop trigger upkeep on kb_passage; drop function kb_passages_deleted();
drop trigger upkeep on kb_indexedversion; drop function kb_indexedversion_changed();
"""
GUARD = """
alter table {table} enable row level security;
alter table {table} force row level security;
create policy {table}_readers on {table} using (scope_id = any ((select kb_scopes())::bigint[]));
"""
TABLES = ("kb_indexedversion", "kb_indextotal", "kb_termfrequency", "kb_posting", "kb_passagevector")


class Migration(migrations.Migration):
    dependencies = [("kb", "0003_search_index")]

    operations = [
        migrations.RunSQL(POSTINGS, migrations.RunSQL.noop),
        migrations.RunSQL(VECTORS, migrations.RunSQL.noop),
        migrations.RunSQL(VALIDITY, DROP_VALIDITY),
        migrations.RunSQL(UPKEEP, DROP_UPKEEP),
        *(
            migrations.RunSQL(
                GUARD.format(table=table),
                f"drop policy {table}_readers on {table}; alter table {table} disable row level security;",
            )
            for table in TABLES
        ),
    ]
