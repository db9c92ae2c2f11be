-- A plan kept from an empty table compares each row with each: thousands of pieces due at once took seconds to search.
alter function mlc.take_due_work(text, timestamptz, timestamptz, integer) set plan_cache_mode = 'force_custom_plan';
