# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""The delivery engine: a bounded buffer, sender threads, retries and a ledger that adds up.

It knows no platform; a platform brings an encoder, a request builder, a client and a classifier.
Start reading at ``delivery.py``.
"""
