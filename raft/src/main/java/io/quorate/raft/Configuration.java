package io.quorate.raft;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;

/**
 * Who votes, and what a majority is (section 4.3). While the voters are exchanged the configuration
 * is <i>joint</i>: whatever is decided takes a majority of the voters to come and one of the
 * outgoing ones, so that neither side decides anything alone. Everyone else is a learner and is not
 * named.
 *
 * <p>In the log:
 *
 * <pre>
 * configuration   names: voters | names: outgoing, none unless joint
 * names           u8 count | each: u8 length, name in UTF-8; ascending
 * </pre>
 *
 * @param voters ascending
 * @param outgoing the voters before, ascending; empty unless joint
 */
public record Configuration(List<PeerId> voters, List<PeerId> outgoing) {
  /** More would make each commit slower and nothing safer. */
  public static final int MAX_VOTERS = 15;

  public Configuration {
    voters = voters.stream().sorted().distinct().toList();
    outgoing = outgoing.stream().sorted().distinct().toList();
    if (voters.isEmpty() || voters.size() > MAX_VOTERS || outgoing.size() > MAX_VOTERS) {
      throw new IllegalArgumentException("a ring has 1.." + MAX_VOTERS + " voters, not " + voters);
    }
  }

  /** A configuration that is not joint. */
  public static Configuration of(Collection<PeerId> voters) {
    return new Configuration(List.copyOf(voters), List.of());
  }

  public boolean isJoint() {
    return !outgoing.isEmpty();
  }

  /** The way from this one to other voters. */
  Configuration joint(Collection<PeerId> next) {
    if (isJoint()) {
      throw new IllegalStateException("one change at a time");
    }
    return new Configuration(List.copyOf(next), voters);
  }

  /** What a joint configuration leads to. */
  Configuration settled() {
    return of(voters);
  }

  /** Whether a peer votes, on either side. */
  public boolean isVoter(PeerId peer) {
    return voters.contains(peer) || outgoing.contains(peer);
  }

  /** All that vote, on either side, ascending. */
  List<PeerId> members() {
    return Stream.concat(voters.stream(), outgoing.stream()).sorted().distinct().toList();
  }

  /** Whether those for whom it holds are a majority, of both sides while joint. */
  boolean isMajority(Predicate<PeerId> holds) {
    return isMajority(voters, holds) && (outgoing.isEmpty() || isMajority(outgoing, holds));
  }

  private static boolean isMajority(List<PeerId> side, Predicate<PeerId> holds) {
    return side.stream().filter(holds).count() > side.size() / 2;
  }

  /** The greatest value that a majority has reached, of both sides while joint. */
  long reached(ToLongFunction<PeerId> value) {
    long reached = reached(voters, value);
    return outgoing.isEmpty() ? reached : Math.min(reached, reached(outgoing, value));
  }

  private static long reached(List<PeerId> side, ToLongFunction<PeerId> value) {
    long[] values = side.stream().mapToLong(value).toArray();
    Arrays.sort(values);
    return values[(values.length - 1) / 2];
  }

  byte[] encode() {
    ByteBuf out = Unpooled.buffer(64);
    write(out, voters);
    write(out, outgoing);
    return Arrays.copyOf(out.array(), out.writerIndex());
  }

  static void write(ByteBuf out, List<PeerId> names) {
    out.writeByte(names.size());
    for (PeerId name : names) {
      byte[] bytes = name.name().getBytes(StandardCharsets.UTF_8);
      out.writeByte(bytes.length).writeBytes(bytes);
    }
  }

  /**
   * @throws IllegalArgumentException when the bytes are no configuration
   */
  static Configuration decode(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    try {
      Configuration read = new Configuration(read(in), read(in));
      if (in.hasRemaining()) {
        throw new IllegalArgumentException("a configuration has bytes too many");
      }
      return read;
    } catch (BufferUnderflowException e) {
      throw new IllegalArgumentException("a configuration is cut short", e);
    }
  }

  static List<PeerId> read(ByteBuffer in) {
    int count = Byte.toUnsignedInt(in.get());
    List<PeerId> names = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      byte[] name = new byte[Byte.toUnsignedInt(in.get())];
      in.get(name);
      names.add(new PeerId(new String(name, StandardCharsets.UTF_8)));
    }
    return names;
  }

  @Override
  public String toString() {
    return isJoint() ? voters + " from " + outgoing : voters.toString();
  }
}
