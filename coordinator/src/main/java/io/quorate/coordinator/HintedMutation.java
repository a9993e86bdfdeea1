package io.quorate.coordinator;

import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.Feature;
import io.quorate.sstable.Mutation;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A mutation as a hint keeps it: with the epoch of the metadata under which it was planned, so that
 * it does not bring back what a TRUNCATE has removed since.
 *
 * <pre>
 *   hint := 2 u8 | epoch i64 | mutation
 *         | mutation, which begins with 1: kept before all nodes knew {@link Feature#TRUNCATIONS},
 *           so before any truncation that the metadata know of
 * </pre>
 *
 * @param epoch 0 when it is not known
 */
record HintedMutation(long epoch, Mutation mutation) {
  private static final byte WITH_EPOCH = 2;
  private static final int HEADER_BYTES = 9;

  byte[] encode(ClusterMetadata metadata) {
    byte[] bytes = mutation.bytes();
    if (!metadata.features().contains(Feature.TRUNCATIONS)) {
      return bytes;
    }
    return ByteBuffer.allocate(HEADER_BYTES + bytes.length)
        .put(WITH_EPOCH)
        .putLong(epoch)
        .put(bytes)
        .array();
  }

  static HintedMutation decode(byte[] hint) {
    return hint[0] == WITH_EPOCH
        ? new HintedMutation(
            ByteBuffer.wrap(hint).getLong(1),
            Mutation.of(Arrays.copyOfRange(hint, HEADER_BYTES, hint.length)))
        : new HintedMutation(0, Mutation.of(hint));
  }
}
