package io.quorate.hintedhandoff;

/**
 * A hint as read from a file.
 *
 * @param createdMillis wall time
 * @param expirySeconds wall time from which on it is not delivered
 * @param endOffset where the next one begins in the file
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Hint(long createdMillis, long expirySeconds, byte[] mutation, long endOffset) {}
