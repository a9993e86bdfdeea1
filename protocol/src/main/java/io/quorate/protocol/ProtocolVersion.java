package io.quorate.protocol;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The versions of the native protocol spoken here. */
public enum ProtocolVersion {
  V4(4),
  /** Adds segments with checksums, keyspaces and clocks per request, result metadata ids. */
  V5(5);

  public static final ProtocolVersion NEWEST = V5;

  private final int number;

  ProtocolVersion(int number) {
    this.number = number;
  }

  public int number() {
    return number;
  }

  static @Nullable ProtocolVersion ofNumber(int number) {
    return number == 4 ? V4 : number == 5 ? V5 : null;
  }

  /** The answer to another version; drivers parse the list in it. */
  static String unsupported(int number) {
    return "Invalid or unsupported protocol version ("
        + number
        + "); supported versions are ("
        + Arrays.stream(values())
            .map(version -> version.number + "/v" + version.number)
            .collect(Collectors.joining(", "))
        + ")";
  }
}
