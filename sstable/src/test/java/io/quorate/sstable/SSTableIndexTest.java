package io.quorate.sstable;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** A search that ends one block off loses a row. Where dividers are not spread evenly it could. */
class SSTableIndexTest {
  private static final byte[] BYTES = {0, 1, 0x40, 0x7F, (byte) 0x80, (byte) 0xFF};

  /** Few different bytes, so that many keys begin alike; short and long ones. */
  private static byte[] key(Random random) {
    byte[] key = new byte[1 + random.nextInt(12)];
    if (random.nextInt(3) == 0) {
      random.nextBytes(key);
    } else {
      for (int i = 0; i < key.length; i++) {
        key[i] = BYTES[random.nextInt(BYTES.length)];
      }
    }
    return key;
  }

  private static SSTableIndex index(Set<byte[]> dividers) throws IOException {
    ByteWriter content = new ByteWriter(64);
    content.putInt(dividers.size());
    for (byte[] divider : dividers) {
      content.putLong(0);
      content.putInt(0);
      content.putLengthPrefixed(divider, 0, divider.length);
    }
    return SSTableIndex.read(Path.of("test"), content.toBytes());
  }

  @Test
  void aKeyIsSoughtBehindAllDividersThatAreNotAboveIt() throws IOException {
    for (long seed = 0; seed < 1_000; seed++) {
      Random random = new Random(seed);
      TreeSet<byte[]> dividers = new TreeSet<>(Arrays::compareUnsigned);
      byte[] start = random.nextBoolean() ? key(random) : new byte[0];
      for (int i = 1 + random.nextInt(1 << random.nextInt(9)); i > 0; i--) {
        byte[] rest = key(random);
        byte[] divider = Arrays.copyOf(start, start.length + rest.length);
        System.arraycopy(rest, 0, divider, start.length, rest.length);
        dividers.add(divider);
      }
      SSTableIndex index = index(dividers);
      List<byte[]> keys = new ArrayList<>(dividers);
      for (byte[] divider : dividers) {
        keys.add(Arrays.copyOf(divider, random.nextInt(divider.length + 1)));
        keys.add(Arrays.copyOf(divider, divider.length + 1));
        keys.add(key(random));
      }
      for (byte[] key : keys) {
        assertThat(index.blockOf(key, key.length))
            .as("seed %d, key %s", seed, Arrays.toString(key))
            .isEqualTo(dividers.headSet(key, true).size());
      }
    }
  }
}
