-- Reruns keep the {date} of the first run: jobs asked for before it was noted begin with their own.
update model_manage.job set asked = asked || jsonb_build_object('at', created_at) where not asked ? 'at';
