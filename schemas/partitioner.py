"""Which partition a case is on: Kafka's murmur2 of the key, as the Java client's default partitioner does it.

Other clients default to other hashes, so the contract fixes this one and gives test vectors in the AsyncAPI
document.
"""

from functools import lru_cache
from struct import Struct

_MASK = 0xFFFFFFFF
_M = 0x5BD1E995
_SEED = 0x9747B28C


@lru_cache(64)
def _words(number: int) -> Struct:
    return Struct(f"<{number}I")


def murmur2(key: bytes) -> int:
    """32-bit murmur2 with Kafka's seed."""
    words = len(key) // 4
    h = (_SEED ^ len(key)) & _MASK
    for word in _words(words).unpack_from(key):
        k = word * _M & _MASK
        h = (h * _M ^ (k ^ k >> 24) * _M) & _MASK
    tail = key[words * 4 :]
    if tail:
        h = (h ^ int.from_bytes(tail, "little")) * _M & _MASK
    h = (h ^ h >> 13) * _M & _MASK
    return h ^ h >> 15


def partition_of(key: bytes | str, partitions: int) -> int:
    """The partition, and so the shard, of a key: `(murmur2(key) & 0x7fffffff) % partitions`."""
    raw = key.encode() if isinstance(key, str) else key
    return (murmur2(raw) & 0x7FFFFFFF) % partitions
