package io.quorate.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** If this fails, two groups of voters decide different things while the voters are exchanged. */
class ConfigurationTest {

  private static List<PeerId> peers(String names) {
    return Arrays.stream(names.split("")).filter(n -> !n.isEmpty()).map(PeerId::new).toList();
  }

  private static Configuration voters(String names) {
    return Configuration.of(peers(names));
  }

  private static boolean isMajority(Configuration configuration, String names) {
    return configuration.isMajority(peers(names)::contains);
  }

  @Test
  void aMajorityIsMoreThanHalf() {
    assertThat(isMajority(voters("a"), "a")).isTrue();
    assertThat(isMajority(voters("ab"), "a")).isFalse();
    assertThat(isMajority(voters("abc"), "ac")).isTrue();
    assertThat(isMajority(voters("abc"), "cxyz")).isFalse();
    assertThat(isMajority(voters("abcd"), "ab")).isFalse();
    assertThat(isMajority(voters("abcde"), "bde")).isTrue();
  }

  @Test
  void jointTakesAMajorityOfEitherSide() {
    Configuration joint = voters("abc").joint(peers("cde"));
    assertThat(isMajority(joint, "ab")).isFalse();
    assertThat(isMajority(joint, "de")).isFalse();
    assertThat(isMajority(joint, "ac")).isFalse();
    assertThat(isMajority(joint, "acd")).isTrue();
    assertThat(joint.settled()).isEqualTo(voters("cde"));
    assertThat(joint.members()).isEqualTo(peers("abcde"));
    assertThat(joint.isVoter(new PeerId("a"))).isTrue();
    assertThatThrownBy(() -> joint.joint(peers("a"))).isInstanceOf(IllegalStateException.class);
  }

  /** Whatever two majorities are taken along a change, they have a voter in common. */
  @Test
  void anyTwoMajoritiesOnTheWayMeet() {
    Configuration old = voters("abc");
    Configuration joint = old.joint(peers("cdef"));
    List<Configuration> way = List.of(old, joint, joint.settled());
    List<PeerId> all = joint.members();
    for (int i = 0; i + 1 < way.size(); i++) {
      for (Configuration[] pair :
          new Configuration[][] {{way.get(i), way.get(i + 1)}, {way.get(i), way.get(i)}}) {
        for (int one = 0; one < 1 << all.size(); one++) {
          int others = ~one;
          int first = one;
          boolean both =
              pair[0].isMajority(peer -> (first >> all.indexOf(peer) & 1) == 1)
                  && pair[1].isMajority(peer -> (others >> all.indexOf(peer) & 1) == 1);
          assertThat(both).as(pair[0] + " and " + pair[1] + " by " + one).isFalse();
        }
      }
    }
  }

  /** The greatest value reached is the greatest one that a majority is at or beyond. */
  @Test
  void whatAMajorityHasReached() {
    Configuration joint = voters("abcd").joint(peers("ade"));
    IntStream.range(0, 3 * 3 * 3 * 3 * 3)
        .forEach(code -> {
          Map<PeerId, Long> values =
              Map.of(
                  new PeerId("a"), (long) code % 3,
                  new PeerId("b"), (long) code / 3 % 3,
                  new PeerId("c"), (long) code / 9 % 3,
                  new PeerId("d"), (long) code / 27 % 3,
                  new PeerId("e"), (long) code / 81 % 3);
          long expected = 2;
          while (true) {
            long at = expected;
            if (joint.isMajority(peer -> values.getOrDefault(peer, 0L) >= at)) {
              break;
            }
            expected--;
          }
          assertThat(joint.reached(peer -> values.getOrDefault(peer, 0L))).isEqualTo(expected);
        });
  }

  @Test
  void theOrderOfNamesDoesNotMatterAndBytesComeBack() {
    Configuration joint = voters("cab").joint(peers("dd"));
    assertThat(joint).isEqualTo(voters("abc").joint(peers("d")));
    assertThat(Configuration.decode(joint.encode())).isEqualTo(joint);
    byte[] bytes = joint.encode();
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> Configuration.decode(cut))
          .isInstanceOf(IllegalArgumentException.class);
    }
    byte[] longer = Arrays.copyOf(bytes, bytes.length + 1);
    assertThatThrownBy(() -> Configuration.decode(longer))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> voters("")).isInstanceOf(IllegalArgumentException.class);
  }
}
