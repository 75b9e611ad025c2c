"""Mistakes in the disk spool that its suite has to notice."""

from .fault import Fault

_SEGMENTS = "tests/delivery/test_segments.py"
_SPOOL = "tests/delivery/test_spool.py"
_RECOVERY = "tests/delivery/test_spool_recovery.py"

FAULTS: list[Fault] = [
    Fault(
        name="crc_of_payload_not_checked",
        path="_delivery/frames.py",
        find="if len(payload) != length or crc32(payload, salt) != check:",
        replace="if len(payload) != length:",
        caught_by=_SEGMENTS,
    ),
    Fault(
        name="salt_that_can_be_guessed",
        path="_delivery/frames.py",
        find="return cls(number, secrets.randbits(32))",
        replace="return cls(number, 0x1234ABCD)",
        caught_by=_SEGMENTS,
    ),
    Fault(
        name="journal_entry_not_checked",
        path="_delivery/frames.py",
        find="            if check == crc32(checked, salt):\n",
        replace="            if check or not check:\n",
        caught_by=_SEGMENTS,
    ),
    Fault(
        name="runs_swallow_what_is_between",
        path="_delivery/frames.py",
        find="if joined and first <= joined[-1][1] + 1:",
        replace="if joined and first <= joined[-1][1] + 2:",
        caught_by=_SEGMENTS,
    ),
    Fault(
        name="damage_ends_the_segment",
        path="_delivery/spool_cursor.py",
        find="            at = self._find_marker(at + 1)\n",
        replace="            break\n",
        caught_by=_SEGMENTS,
    ),
    Fault(
        name="marker_across_reads_not_seen",
        path="_delivery/spool_cursor.py",
        find="at = self._start + len(self._buffer) - overlap",
        replace="at = self._start + len(self._buffer)",
        caught_by=_SEGMENTS,
    ),
    Fault(
        name="torn_journal_is_appended_to",
        path="_delivery/segments.py",
        find="os.ftruncate(descriptor, self.journal_size)",
        replace="pass",
        caught_by=_SEGMENTS,
    ),
    Fault(
        name="short_write_is_taken",
        path="_delivery/segments.py",
        find="if os.write(self._writer, data) < len(data):",
        replace="if os.write(self._writer, data) < 0:",
        caught_by=_SPOOL,
    ),
    Fault(
        name="torn_frame_stays_on_a_full_disk",
        path="_delivery/segments.py",
        find="            os.ftruncate(self._writer, self.size)\n",
        replace="",
        caught_by=_SPOOL,
    ),
    Fault(
        name="always_does_not_sync",
        path="_delivery/segments.py",
        find="                os.fsync(self._writer)\n",
        replace="",
        caught_by=_SPOOL,
    ),
    Fault(
        name="others_may_read",
        path="_delivery/segments.py",
        find="_APPEND | os.O_EXCL, 0o600)",
        replace="_APPEND | os.O_EXCL, 0o644)",
        caught_by=_SPOOL,
    ),
    Fault(
        name="journal_uncovered_by_the_cap",
        path="_delivery/spool.py",
        find="(self._backlog.pending + 1) * ENTRY_BYTES",
        replace="0",
        caught_by=_SPOOL,
    ),
    Fault(
        name="found_segments_outside_the_cap",
        path="_delivery/spool.py",
        find="self._backlog.disk_bytes + self._adoption.found_bytes",
        replace="self._backlog.disk_bytes",
        caught_by=_RECOVERY,
    ),
    Fault(
        name="eviction_of_what_is_in_flight",
        path="_delivery/spool.py",
        find="if segment.pending == segment.waiting > 0:",
        replace="if segment.waiting > 0:",
        caught_by=_SPOOL,
    ),
    Fault(
        name="eviction_in_vain",
        path="_delivery/spool.py",
        find="        if not self._fits(size, freed):\n            return 0\n",
        replace="",
        caught_by=_SPOOL,
    ),
    Fault(
        name="settled_records_not_noted",
        path="_delivery/spool_backlog.py",
        find="            if not self.drop_if_settled(segment):\n",
        replace="            if not self.drop_if_settled(segment) and not segment.sealed:\n",
        caught_by=_RECOVERY,
    ),
    Fault(
        name="segment_goes_with_records_in_flight",
        path="_delivery/spool_backlog.py",
        find="if segment.pending or not segment.sealed:",
        replace="if segment.waiting or not segment.sealed:",
        caught_by=_SPOOL,
    ),
    Fault(
        name="taken_back_in_reverse",
        path="_delivery/spool_backlog.py",
        find="self._returned.extendleft(reversed(mine))",
        replace="self._returned.extendleft(mine)",
        caught_by=_SPOOL,
    ),
    Fault(
        name="younger_records_overtake_adopted_ones",
        path="_delivery/spool_backlog.py",
        find="        self.rewind()\n        insort(self.segments, segment, key=_order)\n",
        replace="        insort(self.segments, segment, key=_order)\n",
        caught_by=_RECOVERY,
    ),
    Fault(
        name="unreadable_records_stay_pending",
        path="_delivery/spool_backlog.py",
        find="            self.unreadable += self.give_up(segment)\n",
        replace="            self.unreadable += segment.give_up()[0]\n",
        caught_by=_SPOOL,
    ),
    Fault(
        name="folders_of_the_living_adopted",
        path="_delivery/spool_folder.py",
        find="    except (BlockingIOError, PermissionError):\n        return False\n",
        replace="    except (BlockingIOError, PermissionError):\n        return True\n",
        caught_by=_RECOVERY,
    ),
    Fault(
        name="lock_on_a_deleted_file_counts",
        path="_delivery/spool_folder.py",
        find="if _locked(lock) and _is_named(lock, path / _LOCK):",
        replace="if _locked(lock):",
        caught_by=_RECOVERY,
    ),
    Fault(
        name="forked_child_unlocks",
        path="_delivery/spool_folder.py",
        find="        if lock is not None:\n            os.close(lock)\n",
        replace=(
            "        if lock is not None:\n"
            "            fcntl.flock(lock, fcntl.LOCK_UN)\n"
            "            os.close(lock)\n"
        ),
        caught_by=_RECOVERY,
    ),
    Fault(
        name="newer_format_read",
        path="_delivery/spool_folder.py",
        find="if found is not None and found > FORMAT:",
        replace="if found is not None and found > FORMAT + 1:",
        caught_by=_RECOVERY,
    ),
    Fault(
        name="torn_end_counts_as_damage",
        path="_delivery/spool_adoption.py",
        find="(cursor.torn and not segment.last)",
        replace="cursor.torn",
        caught_by=_RECOVERY,
    ),
    Fault(
        name="records_from_the_future_wait",
        path="_delivery/segments.py",
        find="return now - max(0.0, wall - frame.wall)",
        replace="return now - (wall - frame.wall)",
        caught_by=_RECOVERY,
    ),
    Fault(
        name="interval_syncs_once",
        path="_delivery/spool_sync.py",
        find="            marked, self._marked = self._marked, {}\n        for segment",
        replace="            marked = dict(self._marked)\n        for segment",
        caught_by=_SPOOL,
    ),
    Fault(
        name="close_leaves_the_last_interval",
        path="_delivery/spool_sync.py",
        find="        self._wake.set()\n        self.sync()\n",
        replace="        self._wake.set()\n",
        caught_by=_SPOOL,
    ),
    Fault(
        name="full_disk_is_not_told",
        path="_delivery/spool_writer.py",
        find='            self._complain(f"spool_directory cannot be written: {error.strerror}")\n',
        replace="",
        caught_by=_SPOOL,
    ),
    Fault(
        name="settled_file_keeps_its_room",
        path="_delivery/spool_writer.py",
        find="if self._active is not None and not self._active.pending:",
        replace="if False:",
        caught_by=_SPOOL,
    ),
]
