"""Mistakes that the tests of the fault list have to notice, each through a server that fails."""

from tests.planted.fault import Fault

_FAULTS = "tests/faults"
_CONNECTION = f"{_FAULTS}/test_connection.py"
_ANSWERS = f"{_FAULTS}/test_answers.py"
_CERTIFICATES = f"{_FAULTS}/test_certificates.py"
_EVENTS = f"{_FAULTS}/test_events.py"
_COLLECTOR = "tests/splunk_hec/test_faults.py"

FAULTS = [
    Fault(
        name="many_probes_at_a_time",
        path="_delivery/breaker.py",
        find="and not (self.is_tripped and self._probing)",
        replace="",
        caught_by=_ANSWERS,
    ),
    Fault(
        name="retry_after_without_a_cap",
        path="_delivery/retry.py",
        find="min(after_seconds, self.retry_after_max_seconds)",
        replace="after_seconds",
        caught_by=_ANSWERS,
    ),
    Fault(
        name="retry_after_as_a_date_ignored",
        path="_delivery/retry.py",
        find="return max(0.0, moment.timestamp() - now)",
        replace="return None",
        caught_by=_ANSWERS,
    ),
    Fault(
        name="deadline_by_attempts",
        path="_delivery/slot.py",
        find="age_now - record.accepted_at > self._deadline_seconds",
        replace="record.attempts > 3",
        caught_by=_ANSWERS,
    ),
    Fault(
        name="age_goes_on_during_a_hold",
        path="_delivery/retry.py",
        find="if held and self._held_since is None:",
        replace="if False:",
        caught_by=_ANSWERS,
    ),
    Fault(
        name="refused_size_forgotten",
        path="_delivery/shared.py",
        find="buffer.batch_max_bytes = size // 2",
        replace="size = size // 2",
        caught_by=_ANSWERS,
    ),
    Fault(
        name="moved_statuses_ignored",
        path="_delivery/http_status.py",
        find="if response.status in settings.drop_statuses:",
        replace="if False:",
        caught_by=_ANSWERS,
    ),
    Fault(
        name="doubt_not_counted",
        path="_delivery/http_client.py",
        find="ambiguous = not isinstance(error, _NOT_SENT)",
        replace="ambiguous = False",
        caught_by=_CONNECTION,
    ),
    Fault(
        name="failing_address_preferred_for_ever",
        path="_delivery/endpoints.py",
        find="self.breaker.fail(now, setback.after_seconds)",
        replace="self.breaker.release()",
        caught_by=_CONNECTION,
    ),
    Fault(
        name="name_not_found_is_final",
        path="_delivery/socket_errors.py",
        find='was not found ({error.strerror})")',
        replace='was not found ({error.strerror})", configuration=True)',
        caught_by=_CONNECTION,
    ),
    Fault(
        name="strange_certificate_is_passing_trouble",
        path="_delivery/socket_errors.py",
        find='does not verify ({error.verify_message}): {advice}"\n'
        "        return TransportError(reason, configuration=True)",
        replace='does not verify ({error.verify_message}): {advice}"\n'
        "        return TransportError(reason)",
        caught_by=_CERTIFICATES,
    ),
    Fault(
        name="files_not_read_again_during_a_hold",
        path="_delivery/sender.py",
        find="self._connections.renew(endpoint.name)",
        replace="pass",
        caught_by=_CERTIFICATES,
    ),
    Fault(
        name="any_success_is_a_receipt",
        path="splunk_hec/answers.py",
        find='2: Status(RETRY, "protocol error',
        replace='2: Status(OK, "protocol error',
        caught_by=_COLLECTOR,
    ),
    Fault(
        name="neighbour_of_the_bad_event_given_up",
        path="splunk_hec/response.py",
        find="    return [*[Delivered()] * head, culprit,",
        replace="    head += head < count - 1\n    return [*[Delivered()] * head, culprit,",
        caught_by=_COLLECTOR,
    ),
    Fault(
        name="filling_queue_is_a_failure",
        path="splunk_hec/answers.py",
        find='"HEC queue is approaching its capacity limit",\n        OK,',
        replace='"HEC queue is approaching its capacity limit",\n        RETRY,',
        caught_by=_COLLECTOR,
    ),
    Fault(
        name="wrong_index_condemns",
        path="splunk_hec/answers.py",
        find='"Incorrect index", INDEX,',
        replace='"Incorrect index", POISON,',
        caught_by=_COLLECTOR,
    ),
    Fault(
        name="long_event_not_cut",
        path="splunk_hec/encoder.py",
        find="if len(payload) <= self._config.event_max_bytes:",
        replace="if payload:",
        caught_by=_EVENTS,
    ),
]
