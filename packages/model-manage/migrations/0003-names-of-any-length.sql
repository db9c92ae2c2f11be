-- Names are looked up by equality only; an entry of a btree has an end (2,704 bytes), one of a hash has none.
drop index model_manage.stored_model_name;
create index stored_model_name on model_manage.stored_model using hash (name);
drop index model_manage.deployed_model_name;
create index deployed_model_name on model_manage.deployed_model using hash (stored_model_name);
