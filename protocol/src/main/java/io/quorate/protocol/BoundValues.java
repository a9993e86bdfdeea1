package io.quorate.protocol;

import io.quorate.protocol.types.ByteSink;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The values bound to a statement's markers, as slices of the message they came in.
 *
 * <pre>
 * values := u16 n | n times: [string name] | i32 length | bytes
 * </pre>
 *
 * <p>Length -1 is null, -2 is unset. Immutable.
 */
public final class BoundValues {
  public static final int NULL = -1;
  public static final int UNSET = -2;

  public static final BoundValues NONE = new BoundValues(new byte[0], new int[0], null);

  private final byte[] bytes;

  /** Offset and length of each value in turn. */
  private final int[] slices;

  private final @Nullable List<String> names;

  private BoundValues(byte[] bytes, int[] slices, @Nullable List<String> names) {
    this.bytes = bytes;
    this.slices = slices;
    this.names = names;
  }

  /** Values given one by one; null is null. */
  public static BoundValues of(List<byte @Nullable []> values) {
    ByteSink bytes = new ByteSink();
    int[] slices = new int[values.size() * 2];
    for (int i = 0; i < values.size(); i++) {
      byte[] value = values.get(i);
      slices[2 * i] = bytes.length();
      slices[2 * i + 1] = value == null ? NULL : value.length;
      if (value != null) {
        bytes.write(value);
      }
    }
    return new BoundValues(bytes.toByteArray(), slices, null);
  }

  /** These values, each under a name. */
  public BoundValues named(List<String> newNames) {
    if (newNames.size() != count()) {
      throw new IllegalArgumentException(newNames.size() + " names for " + count() + " values");
    }
    return new BoundValues(bytes, slices, List.copyOf(newNames));
  }

  /** Values given by name, in the order of these names; what was not given is unset. */
  public BoundValues inOrderOf(List<String> markers) {
    List<String> given = names;
    if (given == null) {
      return this;
    }
    int[] ordered = new int[markers.size() * 2];
    for (int i = 0; i < markers.size(); i++) {
      int at = given.indexOf(markers.get(i));
      ordered[2 * i] = at < 0 ? 0 : offset(at);
      ordered[2 * i + 1] = at < 0 ? UNSET : length(at);
    }
    return new BoundValues(bytes, ordered, null);
  }

  static BoundValues read(MessageReader in, boolean named) {
    int count = in.unsignedShort();
    int[] slices = new int[count * 2];
    @Nullable String[] names = new String[named ? count : 0];
    for (int i = 0; i < count; i++) {
      if (named) {
        names[i] = in.string();
      }
      int length = in.readInt();
      if (length < UNSET) {
        throw new ProtocolException("A value of length " + length);
      }
      slices[2 * i] = in.skip(Math.max(0, length));
      slices[2 * i + 1] = length;
    }
    return new BoundValues(in.bytes(), slices, named ? listOf(names) : null);
  }

  private static List<String> listOf(@Nullable String[] names) {
    return Arrays.stream(names).map(name -> name == null ? "" : name).toList();
  }

  void write(ByteSink out) {
    out.writeShort(count());
    for (int i = 0; i < count(); i++) {
      if (names != null) {
        MessageWriter.string(names.get(i), out);
      }
      out.writeInt(length(i));
      out.write(bytes, offset(i), Math.max(0, length(i)));
    }
  }

  public int count() {
    return slices.length / 2;
  }

  /** The array that the offsets point into. Not to be written to. */
  public byte[] bytes() {
    return bytes;
  }

  public int offset(int index) {
    return slices[2 * index];
  }

  /** Length in bytes, {@link #NULL} or {@link #UNSET}. */
  public int length(int index) {
    return slices[2 * index + 1];
  }

  public boolean isUnset(int index) {
    return length(index) == UNSET;
  }

  /** A copy of the value, or null for null and unset. */
  public byte @Nullable [] copy(int index) {
    int length = length(index);
    return length < 0 ? null : Arrays.copyOfRange(bytes, offset(index), offset(index) + length);
  }

  /** The values' names, if they were given by name. */
  public @Nullable List<String> names() {
    return names;
  }
}
