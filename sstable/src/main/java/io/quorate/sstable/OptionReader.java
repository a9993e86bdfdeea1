package io.quorate.sstable;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads a table option that is a map of texts. What is not understood is an error with a message
 * for the user. Not thread-safe.
 */
final class OptionReader {
  private static final Pattern SIZE =
      Pattern.compile("\\s*(\\d+(?:\\.\\d+)?)\\s*([KMGT]?)(?:i?B)?\\s*", Pattern.CASE_INSENSITIVE);

  private final String what;
  private final Map<String, String> options;
  private final TreeSet<String> known = new TreeSet<>();

  OptionReader(String what, Map<String, String> options) {
    this.what = what;
    this.options = options;
  }

  boolean isGiven(String name) {
    return options.containsKey(name);
  }

  String text(String name, String otherwise) {
    known.add(name);
    return options.getOrDefault(name, otherwise);
  }

  boolean flag(String name, boolean otherwise) {
    return Boolean.parseBoolean(choice(name, Boolean.toString(otherwise), "true", "false"));
  }

  /** An option that can be given, but not be switched on. */
  void notYet(String name) {
    if (flag(name, false)) {
      throw new IllegalArgumentException(name + " is not supported yet");
    }
  }

  /** One of several words, in whatever case. */
  String choice(String name, String otherwise, String... allowed) {
    String given = text(name, otherwise);
    for (String word : allowed) {
      if (word.equalsIgnoreCase(given)) {
        return word;
      }
    }
    throw wrong(name, given, "one of " + String.join(", ", Arrays.asList(allowed)));
  }

  int whole(String name, int otherwise, int least, int most) {
    return (int) wholeLong(name, otherwise, least, most);
  }

  long wholeLong(String name, long otherwise, long least, long most) {
    String given = text(name, Long.toString(otherwise));
    try {
      long number = Long.parseLong(given.trim());
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Said below, like a number that is out of range.
    }
    throw wrong(name, given, "a whole number from " + least + " to " + most);
  }

  double real(String name, double otherwise, double least, double most) {
    String given = text(name, Double.toString(otherwise));
    try {
      double number = Double.parseDouble(given.trim());
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw wrong(name, given, "a number from " + least + " to " + most);
  }

  /** A number of bytes with a unit: {@code 100MiB}. */
  long bytes(String name, String otherwise, long least, long most) {
    String given = text(name, otherwise);
    Matcher matcher = SIZE.matcher(given);
    if (matcher.matches()) {
      int power = " KMGT".indexOf(matcher.group(2).toUpperCase(Locale.ROOT).concat(" ").charAt(0));
      double bytes = Double.parseDouble(matcher.group(1)) * Math.pow(1024, power);
      if (bytes >= least && bytes <= most) {
        return (long) bytes;
      }
    }
    throw wrong(name, given, "a size such as 100MiB, from " + least + " to " + most + " bytes");
  }

  private static IllegalArgumentException wrong(String name, String given, String expected) {
    return new IllegalArgumentException(
        "'" + given + "' is not allowed for " + name + "; expected is " + expected);
  }

  /** Refuses options that were not asked for. */
  void end() {
    for (String name : options.keySet()) {
      if (!known.contains(name)) {
        throw new IllegalArgumentException(
            "Properties specified [" + name + "] are not understood by " + what);
      }
    }
  }
}
