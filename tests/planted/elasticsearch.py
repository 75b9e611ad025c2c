"""Mistakes in the Elasticsearch platform that its suite has to notice."""

from .fault import Fault

_SUITE = "tests/elasticsearch"

FAULTS: list[Fault] = [
    Fault(
        name="names_of_any_length_remembered",
        path="elasticsearch/values.py",
        find="def label_name(path",
        replace="@functools.lru_cache(maxsize=4_096)\ndef label_name(path",
        caught_by="tests/elasticsearch/test_encoder.py",
    ),
    Fault(
        name="time_of_the_last_second_spliced",
        path="elasticsearch/splice.py",
        find="""timestamp":"', second, b".",""",
        replace="""timestamp":"', known or second, b".",""",
        caught_by="tests/elasticsearch/test_splice.py",
    ),
    Fault(
        name="spliced_without_an_id",
        path="elasticsearch/splice.py",
        find="if self._ids else b'{",
        replace="if False else b'{",
        caught_by="tests/elasticsearch/test_splice.py",
    ),
    Fault(
        name="no_date_spliced",
        path="elasticsearch/splice.py",
        find="if not is_date or ",
        replace="if ",
        caught_by="tests/elasticsearch/test_splice.py",
    ),
    Fault(
        name="as_is_ignored",
        path="elasticsearch/encoder.py",
        find='"as_is": as_is_document',
        replace='"as_is": to_document',
        caught_by="tests/elasticsearch/test_splice.py",
    ),
    Fault(
        name="http_200_is_delivery",
        path="elasticsearch/response.py",
        find='            return [_protocol_error(f"bulk answer {response.status} with {counted}")]'
        " * len(batch)\n",
        replace="            return [Delivered()] * len(batch)\n",
        caught_by=_SUITE,
    ),
    Fault(
        name="whole_bulk_resent_for_one_item",
        path="elasticsearch/response.py",
        find="        return [\n"
        "            _CREATED if item == _PLAIN_ITEM else self._item(item, record, response)\n"
        "            for item, record in zip(items, batch, strict=True)\n        ]\n",
        replace=(
            "        outcomes = [self._item(i, r, response) for i, r in zip(items, batch)]\n"
            "        retries = [o for o in outcomes if isinstance(o, RetryLater)]\n"
            "        return retries[:1] * len(batch) if retries else outcomes\n"
        ),
        caught_by=_SUITE,
    ),
    Fault(
        name="errors_flag_believed",
        path="elasticsearch/response.py",
        find="        return [\n"
        "            _CREATED if item == _PLAIN_ITEM else self._item(item, record, response)\n"
        "            for item, record in zip(items, batch, strict=True)\n        ]\n",
        replace=(
            "        if not _json(response.body).get('errors', False):\n"
            "            return [Delivered()] * len(batch)\n"
            "        return [self._item(i, r, response) for i, r in zip(items, batch)]\n"
        ),
        caught_by=_SUITE,
    ),
    Fault(
        name="item_count_unchecked",
        path="elasticsearch/response.py",
        find="    if items is None or len(items) != len(batch):\n",
        replace="    if items is None:\n",
        caught_by=_SUITE,
    ),
    Fault(
        name="pairing_by_filtered_items",
        path="elasticsearch/response.py",
        find="    return items if isinstance(items, list) else None\n",
        replace=(
            "    if not isinstance(items, list):\n"
            "        return None\n"
            "    known = [i for i in items if isinstance(i, dict) and i.get('create')]\n"
            "    return known + items[: len(items) - len(known)]\n"
        ),
        caught_by=_SUITE,
    ),
    Fault(
        name="conflict_rejected",
        path="elasticsearch/answers.py",
        find='    (409, "version_conflict_engine_exception"): Rule(DELIVER),\n',
        replace='    (409, "version_conflict_engine_exception"): Rule(REJECT),\n',
        caught_by=_SUITE,
    ),
    Fault(
        name="busy_item_rejected",
        path="elasticsearch/answers.py",
        find="    429: Rule(RETRY),\n",
        replace="    429: Rule(REJECT),\n",
        caught_by=_SUITE,
    ),
    Fault(
        name="cluster_block_held_for_ever",
        path="elasticsearch/answers.py",
        find='    (403, "cluster_block_exception"): _BLOCKED,\n',
        replace='    (403, "cluster_block_exception"): _NO_RIGHT,\n',
        caught_by=_SUITE,
    ),
    Fault(
        name="failure_store_unnoticed",
        path="elasticsearch/response.py",
        find='        if result.get("failure_store") == "used":\n',
        replace="        if False:\n",
        caught_by=_SUITE,
    ),
    Fault(
        name="reason_text_leaks",
        path="elasticsearch/response.py",
        find='    return name if _ERROR_TYPE.fullmatch(name) else "", reason\n',
        replace='    return name or str(error or ""), reason\n',
        caught_by=_SUITE,
    ),
    Fault(
        name="retry_after_ignored",
        path="elasticsearch/response.py",
        find="max(rule.after_seconds or 0.0, response.retry_after_seconds or 0.0) or None",
        replace="rule.after_seconds",
        caught_by=_SUITE,
    ),
    Fault(
        name="lost_answer_not_ambiguous",
        path="elasticsearch/response.py",
        find='    return RetryLater(f"protocol error: {what}", ambiguous=True)\n',
        replace='    return RetryLater(f"protocol error: {what}")\n',
        caught_by=_SUITE,
    ),
    Fault(
        name="id_made_per_attempt",
        path="elasticsearch/request.py",
        find='        body = b"".join([record.payload + b"\\n" for record in batch])\n',
        replace=(
            "        from .encoder import make_id\n\n"
            '        body = b""\n'
            "        for record in batch:\n"
            '            document = record.payload.partition(b"\\n")[2]\n'
            '            action = b\'{"create":{"_id":"\' + make_id(0.0).encode() + b\'"}}\\n\'\n'
            '            body += action + document + b"\\n"\n'
        ),
        caught_by=_SUITE,
    ),
    Fault(
        name="last_newline_missing",
        path="elasticsearch/request.py",
        find='        body = b"".join([record.payload + b"\\n" for record in batch])\n',
        replace='        body = b"\\n".join([record.payload for record in batch])\n',
        caught_by=_SUITE,
    ),
    Fault(
        name="gzip_setting_ignored",
        path="elasticsearch/request.py",
        find="        if self._gzip:\n",
        replace="        if not self._gzip or self._gzip:\n",
        caught_by=_SUITE,
    ),
    Fault(
        name="filter_loses_positions",
        path="elasticsearch/request.py",
        find='"errors,items.*.status,items.*.failure_store,items.*.error.type,items.*.error.reason"',
        replace='"errors,items.*.error"',
        caught_by=_SUITE,
    ),
    Fault(
        name="api_key_encoded_twice",
        path="elasticsearch/auth.py",
        find="    if api_key.startswith(_CLOUD_KEY_PREFIX) or _is_encoded_pair(api_key):\n"
        "        return api_key\n",
        replace="    if api_key.startswith(_CLOUD_KEY_PREFIX) or _is_encoded_pair(api_key):\n"
        "        return base64.b64encode(api_key.encode()).decode()\n",
        caught_by=_SUITE,
    ),
    Fault(
        name="api_key_in_repr",
        path="elasticsearch/auth.py",
        find="    api_key: SecretStr | None = None\n",
        replace=(
            "    api_key: SecretStr | None = None\n\n"
            "    def __repr__(self) -> str:\n"
            "        return repr(self.api_key and self.api_key.get_secret_value())\n\n"
        ),
        caught_by=_SUITE,
    ),
    Fault(
        name="url_with_password_taken",
        path="elasticsearch/addresses.py",
        find='    if "@" in parts.netloc:\n',
        replace='    if "@" in parts.path:\n',
        caught_by=_SUITE,
    ),
    Fault(
        name="id_without_randomness",
        path="elasticsearch/encoder.py",
        find="    global _ends, _numbers\n",
        replace="    global _ends, _numbers\n    _ends, _numbers = ['0' * 12] * 64, itertools.count()\n    return\n",
        caught_by=_SUITE,
    ),
    Fault(
        name="ids_shared_after_fork",
        path="elasticsearch/encoder.py",
        find="    os.register_at_fork(after_in_child=_draw)\n",
        replace="    pass\n",
        caught_by=_SUITE,
    ),
    Fault(
        name="document_size_ignored",
        path="elasticsearch/encoder.py",
        find="            truncated = shorten(document, holder, self._max_bytes)\n",
        replace="            truncated = shorten(document, holder, 1_000_000)\n",
        caught_by=_SUITE,
    ),
    Fault(
        name="shortened_without_a_word",
        path="elasticsearch/encoder.py",
        find='        return Record(action + b"\\n" + line, truncated=truncated)\n',
        replace='        return Record(action + b"\\n" + line)\n',
        caught_by=_SUITE,
    ),
    Fault(
        name="keyword_too_long",
        path="elasticsearch/encoder.py",
        find="KEYWORD_MAX_CHARS = 8_000\n",
        replace="KEYWORD_MAX_CHARS = 32_766\n",
        caught_by=_SUITE,
    ),
    Fault(
        name="dots_in_label_names",
        path="elasticsearch/values.py",
        find=r"""[\s.*"\x00-\x1f\x7f]""",
        replace=r"""[\s*"\x00-\x1f\x7f]""",
        caught_by=_SUITE,
    ),
    Fault(
        name="label_values_keep_their_type",
        path="elasticsearch/values.py",
        find="        names.unique(path): as_text(value)\n",
        replace="        names.unique(path): value\n",
        caught_by=_SUITE,
    ),
    Fault(
        name="local_time_sent_as_utc",
        path="elasticsearch/values.py",
        find="    moment = moment.astimezone(timezone.utc)\n",
        replace="",
        caught_by=_SUITE,
    ),
    Fault(
        name="host_is_text",
        path="elasticsearch/mapping.py",
        find='    "host": "host.name",\n',
        replace='    "host": "host",\n',
        caught_by=_SUITE,
    ),
    Fault(
        name="demand_sent_to_opensearch",
        path="elasticsearch/request.py",
        find='(_encoded(WITNESS) if config.flavour == "opensearch" else DEMAND)',
        replace="DEMAND",
        caught_by=_SUITE,
    ),
    Fault(
        name="demand_forgotten",
        path="elasticsearch/request.py",
        find='DEMAND = "&require_data_stream=true"\n',
        replace='DEMAND = ""\n',
        caught_by=_SUITE,
    ),
    Fault(
        name="refused_demand_asked_for_each_time",
        path="elasticsearch/client.py",
        find="            self._demands = False\n",
        replace="            pass\n",
        caught_by=_SUITE,
    ),
    Fault(
        name="refused_demand_is_the_documents_fault",
        path="elasticsearch/response.py",
        find="        rule = answers.UNKNOWN_DEMAND\n",
        replace="        pass\n",
        caught_by=_SUITE,
    ),
    Fault(
        name="stray_index_unnoticed",
        path="elasticsearch/response.py",
        find='        return answers.STRAY_INDEX if stray and self._streams else ""\n',
        replace='        return ""\n',
        caught_by=_SUITE,
    ),
    Fault(
        name="chosen_target_holds_all_up",
        path="elasticsearch/response.py",
        find="            return answers.CHOSEN_RULES.get(status, rule)\n",
        replace="            return rule\n",
        caught_by=_SUITE,
    ),
    Fault(
        name="static_target_given_up",
        path="elasticsearch/response.py",
        find="if rule.kind == HOLD and self._routes and record.payload.startswith(_CHOSEN):",
        replace="if rule.kind == HOLD and self._routes:",
        caught_by=_SUITE,
    ),
    Fault(
        name="conflict_of_foreign_ids_is_delivery",
        path="elasticsearch/response.py",
        find="        if status == 409 and not self._ids:\n",
        replace="        if status == 410 and not self._ids:\n",
        caught_by=_SUITE,
    ),
    Fault(
        name="routes_without_bound",
        path="elasticsearch/targets.py",
        find="            if len(self._chosen) >= settings.routes_max:\n",
        replace="            if len(self._chosen) >= 1_000:\n",
        caught_by=_SUITE,
    ),
    Fault(
        name="dash_in_dataset",
        path="elasticsearch/targets.py",
        find='_part(event, settings.dataset_field, dash="_")',
        replace='_part(event, settings.dataset_field, dash="-")',
        caught_by=_SUITE,
    ),
    Fault(
        name="date_of_the_event_names_the_index",
        path="elasticsearch/targets.py",
        find="datetime.fromtimestamp(now, timezone.utc).strftime(self._dated)",
        replace='str(event.get("timestamp", ""))[:10]',
        caught_by=_SUITE,
    ),
    Fault(
        name="id_field_ignored",
        path="elasticsearch/encoder.py",
        find="        given = None if self._id_field is None else look_up(event, self._id_field)\n",
        replace="        given = None\n",
        caught_by=_SUITE,
    ),
    Fault(
        name="id_too_long",
        path="elasticsearch/encoder.py",
        find="ID_MAX_BYTES = 512\n",
        replace="ID_MAX_BYTES = 1_024\n",
        caught_by=_SUITE,
    ),
    Fault(
        name="names_of_labels_without_bound",
        path="elasticsearch/encoder.py",
        find="        if len(unknown) <= room:\n",
        replace="        if True:\n",
        caught_by=_SUITE,
    ),
    Fault(
        name="labels_mapped_one_by_one",
        path="elasticsearch/objects.py",
        find='        properties["labels"] = {"type": "flattened", "ignore_above": 8191}\n',
        replace='        properties["labels"] = {"type": "object"}\n',
        caught_by=_SUITE,
    ),
    Fault(
        name="numbers_beyond_a_long",
        path="elasticsearch/shapes.py",
        find="value >= 2**63",
        replace="value >= 2**64",
        caught_by=_SUITE,
    ),
    Fault(
        name="too_deep_for_a_mapping",
        path="elasticsearch/shapes.py",
        find="_OBJECT_DEPTH = 18",
        replace="_OBJECT_DEPTH = 28",
        caught_by=_SUITE,
    ),
    Fault(
        name="foreign_template_overwritten",
        path="elasticsearch/setup.py",
        find="        if there and not description.startswith(MARK):\n",
        replace="        if False:\n",
        caught_by=_SUITE,
    ),
    Fault(
        name="foreign_template_removed",
        path="elasticsearch/setup.py",
        find="            elif not description.startswith(MARK):\n",
        replace="            elif False:\n",
        caught_by=_SUITE,
    ),
    Fault(
        name="show_applies",
        path="elasticsearch/setup.py",
        find='        if not apply:\n            return Step(WARNING, label, f"would be {verb}")\n',
        replace="",
        caught_by=_SUITE,
    ),
    Fault(
        name="template_names_a_missing_policy",
        path="elasticsearch/setup.py",
        find="            self._lacking |= {thing.kind}\n"
        '            return Step(SKIPPED, label, "the server has none',
        replace='            return Step(SKIPPED, label, "the server has none',
        caught_by=_SUITE,
    ),
    Fault(
        name="check_makes_a_stray_index",
        path="elasticsearch/check.py",
        find="        if target.state == FAILED:\n",
        replace="        if False:\n",
        caught_by=_SUITE,
    ),
    Fault(
        name="document_not_looked_at",
        path="elasticsearch/check.py",
        find='    if answer.status == 200 and source.get("message") == _MESSAGE:\n',
        replace="    if answer.status:\n",
        caught_by=_SUITE,
    ),
    Fault(
        name="signature_may_be_replaced_by_an_extra_header",
        path="elasticsearch/config.py",
        find="own_headers: ClassVar[frozenset[str]] = AWS_HEADERS",
        replace="own_headers: ClassVar[frozenset[str]] = AWS_HEADERS - AWS_HEADERS",
        caught_by="tests/elasticsearch/test_aws.py",
    ),
    Fault(
        name="reason_of_any_type_believed",
        path="elasticsearch/response.py",
        find=" if error_type == answers.OF_MANY_KINDS else ()",
        replace="",
        caught_by=_SUITE,
    ),
    Fault(
        name="missing_pipeline_is_the_documents_fault",
        path="elasticsearch/answers.py",
        find='    "pipeline with id [": _NO_PIPELINE,\n',
        replace="",
        caught_by=_SUITE,
    ),
    Fault(
        name="closed_index_is_the_documents_fault",
        path="elasticsearch/answers.py",
        find='    (400, "index_closed_exception"): _CLOSED,',
        replace="   ",
        caught_by=_SUITE,
    ),
    Fault(
        name="id_taken_unnoticed",
        path="elasticsearch/response.py",
        find="self._given_ids and record.attempts <= 1",
        replace="False",
        caught_by=_SUITE,
    ),
    Fault(
        name="own_resend_is_somebody_elses",
        path="elasticsearch/response.py",
        find="self._given_ids and record.attempts <= 1",
        replace="self._given_ids",
        caught_by=_SUITE,
    ),
    Fault(
        name="credentials_of_aws_not_renewed_is_a_retry",
        path="elasticsearch/aws.py",
        find="            raise TransportError(reason, configuration=True) from None\n",
        replace="            raise\n",
        caught_by="tests/elasticsearch/test_aws.py",
    ),
    Fault(
        name="error_of_botocore_quoted",
        path="elasticsearch/aws.py",
        find='        raise ConfigurationError(f"{_NO_CREDENTIALS} ({type(error).__name__})") from None\n',
        replace='        raise ConfigurationError(f"{_NO_CREDENTIALS} ({error})") from None\n',
        caught_by="tests/elasticsearch/test_aws.py",
    ),
]
