package io.quorate.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import com.datastax.oss.driver.internal.core.metadata.token.Murmur3Token;
import com.datastax.oss.driver.internal.core.metadata.token.Murmur3TokenFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A token that differs in one bit from the driver's sends token-aware requests to wrong nodes. */
class Murmur3Test {
  private static final Murmur3TokenFactory DRIVER = new Murmur3TokenFactory();

  @Test
  void tokensAreTheDriversForKeysOfEveryLength() {
    assertThat(Murmur3.token("123".getBytes(StandardCharsets.UTF_8)))
        .isEqualTo(-7468325962851647638L);
    Random random = new Random(11);
    for (int round = 0; round < 20_000; round++) {
      byte[] key = new byte[1 + random.nextInt(70)];
      random.nextBytes(key);
      Murmur3Token expected = (Murmur3Token) DRIVER.hash(ByteBuffer.wrap(key));
      assertThat(Murmur3.token(key)).as("length " + key.length).isEqualTo(expected.getValue());
    }
  }
}
