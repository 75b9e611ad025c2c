"""Mistakes that only time, load or a talkative target would show."""

from .fault import Fault

_CANARY = "tests/delivery/test_canary.py"
_LEAKS = "tests/delivery/test_leaks.py"
_METRICS = "tests/test_metrics.py"
_OUTAGE = "tests/delivery/test_outage.py"
_ROUTING = "tests/delivery/test_routing.py"
_SPLUNK_CANARY = "tests/splunk_hec/test_canary.py"
_THREADS = "tests/delivery/test_threads.py"

FAULTS: list[Fault] = [
    Fault(
        name="http_library_logs_what_the_target_says",
        path="_delivery/http_client.py",
        find='return not getattr(_thread, "sending", False)',
        replace="return True",
        caught_by=_CANARY,
    ),
    Fault(
        name="text_of_an_http_error_taken_over",
        path="_delivery/http_client.py",
        find='reason = f"{target} gave no complete answer ({name})"',
        replace='reason = f"{target} gave no complete answer ({error})"',
        caught_by=_CANARY,
    ),
    Fault(
        name="http_error_chained",
        path="_delivery/http_client.py",
        find="                failure = transport_error(error, self._target)\n",
        replace="                raise transport_error(error, self._target) from error\n",
        caught_by=_CANARY,
    ),
    Fault(
        name="headers_shown_with_a_request",
        path="_delivery/records.py",
        find="headers: Mapping[str, str] = field(repr=False)  # carries the credentials",
        replace="headers: Mapping[str, str]",
        caught_by=_CANARY,
    ),
    Fault(
        name="body_shown_with_an_answer",
        path="_delivery/records.py",
        find='body: bytes = field(default=b"", repr=False)',
        replace='body: bytes = field(default=b"")',
        caught_by=_CANARY,
    ),
    Fault(
        name="secret_shown_with_its_source",
        path="_delivery/credentials.py",
        find='return f"Credential({self._name!r})"',
        replace='return f"Credential({self._name!r}, {self._last!r})"',
        caught_by=_CANARY,
    ),
    Fault(
        name="proxy_quoted",
        path="_delivery/http_client.py",
        find="        except (httpx.InvalidURL, ImportError, TypeError, ValueError):\n",
        replace="        except (httpx.InvalidURL, ImportError, TypeError, ValueError) as error:\n"
        "            raise ConfigurationError(str(error)) from None\n",
        caught_by=_CANARY,
    ),
    Fault(
        name="answer_of_splunk_quoted",
        path="splunk_hec/response.py",
        find="    reason = explain(response.status, answer.code)\n",
        replace="    reason = f'{explain(response.status, answer.code)} {response.body[:99]!r}'\n",
        caught_by=_SPLUNK_CANARY,
    ),
    Fault(
        name="closed_deliveries_kept",
        path="_delivery/registry.py",
        find="_deliveries: weakref.WeakSet[Delivery] = weakref.WeakSet()",
        replace="_deliveries: set[Delivery] = set()",
        caught_by=_LEAKS,
    ),
    Fault(
        name="stopped_sinks_kept",
        path="_delivery/host.py",
        find="_live_sinks: weakref.WeakSet[DeliverySink[Any]] = weakref.WeakSet()",
        replace="_live_sinks: set[DeliverySink[Any]] = set()",
        caught_by=_LEAKS,
    ),
    Fault(
        name="ended_senders_kept",
        path="_delivery/delivery.py",
        find="                    shared.senders.remove(sender)\n",
        replace="                    pass\n",
        caught_by=_THREADS,
    ),
    Fault(
        name="end_of_a_sender_not_decided_under_the_lock",
        path="_delivery/sender.py",
        find="            if self._agenda.is_finished(time.monotonic()):\n                self.ended = True\n",
        replace="            self.ended = True\n",
        caught_by="tests/delivery/test_delivery_endpoints.py",
    ),
    Fault(
        name="bytes_of_the_buffer_not_bounded",
        path="_delivery/buffer.py",
        find=" and self.pending_bytes + charge <= self._max_bytes\n",
        replace="\n",
        caught_by=_OUTAGE,
    ),
    Fault(
        name="probe_not_noted",
        path="_delivery/endpoints.py",
        find="        found.breaker.begin()\n",
        replace="",
        caught_by=_ROUTING,
    ),
    Fault(
        name="pause_of_an_address_ignored",
        path="_delivery/breaker.py",
        find="return now >= self.not_before and not",
        replace="return not",
        caught_by=_ROUTING,
    ),
    Fault(
        name="figure_described_otherwise",
        path="_delivery/ledger.py",
        find="Part of `accepted`: shortened by the encoder, and marked.",
        replace="Part of `accepted`: left out by the encoder.",
        caught_by=_METRICS,
    ),
]
