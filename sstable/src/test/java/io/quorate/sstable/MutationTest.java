package io.quorate.sstable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.environment.Invariant;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** If this breaks, bytes from a peer or from disk are taken for something else than was written. */
class MutationTest {
  private static final UUID TABLE = new UUID(0x1122, 0x3344);
  private static final byte[] KEY = "key".getBytes(StandardCharsets.UTF_8);

  private static byte[] random(long seed) {
    FragmentWriter writer = new FragmentWriter().begin(TABLE, seed, KEY);
    new RandomFragments(seed, 4).write(writer);
    return writer.finish();
  }

  /** The bytes of one small mutation, which may never change. */
  @Test
  void theBytesOfAMutation() {
    byte[] bytes =
        new FragmentWriter()
            .begin(TABLE, -2, KEY)
            .beginRow(new byte[] {0x40, 7})
            .rowLiveness(5)
            .cell(1, null, 5, new byte[] {9})
            .tombstone(2, new byte[] {3}, 6, 10)
            .endRow()
            .finish();
    assertThat(HexFormat.of().formatHex(bytes))
        .isEqualTo(
            "01"
                + "0000000000001122"
                + "0000000000003344"
                + "fffffffffffffffe"
                + "0003"
                + "6b6579"
                + "00" // no partition deletion, no ranges
                + "01"
                + "024007" // a row
                + "1d" // its body's length
                + "11"
                + "0000000000000005" // liveness; has tombstones
                + "01"
                + "08"
                + "01"
                + "09" // a cell with the row's timestamp
                + "02"
                + "05"
                + "0000000000000006"
                + "0000000a"
                + "01"
                + "03");
    Mutation mutation = Mutation.parse(bytes);
    assertThat(mutation.tableId()).isEqualTo(TABLE);
    assertThat(mutation.token()).isEqualTo(-2);
    assertThat(mutation.keyLength()).isEqualTo(3);
    assertThat(mutation.fragmentLength()).isEqualTo(bytes.length - 30);
  }

  @Test
  void everyTruncationIsRefusedOrIsItselfWellFormed() {
    for (long seed = 0; seed < 300; seed++) {
      byte[] bytes = random(seed);
      Mutation.parse(bytes);
      for (int length = 0; length < bytes.length; length++) {
        parseOrRefuse(Arrays.copyOf(bytes, length));
      }
    }
  }

  @Test
  void flippedBitsAreRefusedOrGiveAnotherWellFormedMutation() {
    Random random = new Random(1);
    for (long seed = 0; seed < 3_000; seed++) {
      byte[] bytes = random(seed);
      for (int i = 0; i < 5; i++) {
        byte[] flipped = bytes.clone();
        flipped[random.nextInt(flipped.length)] ^= (byte) (1 << random.nextInt(8));
        parseOrRefuse(flipped);
      }
    }
  }

  /** Whatever passes the check must also merge without harm. */
  private static void parseOrRefuse(byte[] bytes) {
    Mutation mutation;
    try {
      mutation = Mutation.parse(bytes);
    } catch (MalformedException e) {
      assertThat(e.getMessage()).isNotEmpty();
      return;
    }
    byte[] merged =
        new FragmentMerger()
            .begin()
            .add(bytes, mutation.fragmentOffset(), mutation.fragmentLength())
            .merge();
    FragmentValidator.validate(merged, 0, merged.length);
  }

  @Test
  void whatIsWrittenOutOfOrderIsABug() {
    FragmentWriter writer = new FragmentWriter().begin();
    writer.beginRow(RandomFragments.rowKey(2)).rowLiveness(1).endRow();
    assertThatThrownBy(() -> writer.beginRow(RandomFragments.rowKey(1)))
        .isInstanceOf(Invariant.Broken.class);
    FragmentWriter cells = new FragmentWriter().begin();
    cells.beginRow(RandomFragments.rowKey(2)).cell(2, null, 1, KEY);
    assertThatThrownBy(() -> cells.cell(1, null, 1, KEY)).isInstanceOf(Invariant.Broken.class);
  }

  @Test
  void aRowThatSaysNothingIsLeftOut() {
    FragmentWriter writer = new FragmentWriter().begin();
    writer.beginRow(RandomFragments.rowKey(1)).endRow();
    assertThat(writer.isEmpty()).isTrue();
    assertThat(writer.finish()).containsExactly(0);
  }
}
