package io.quorate.protocol.types;

import io.quorate.protocol.types.CqlType.ListType;
import io.quorate.protocol.types.CqlType.MapType;
import io.quorate.protocol.types.CqlType.Scalar;
import io.quorate.protocol.types.CqlType.SetType;
import io.quorate.protocol.types.CqlType.TupleType;
import io.quorate.protocol.types.CqlType.UserType;
import io.quorate.protocol.types.CqlType.VectorType;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Reads the CQL text of a type, such as {@code frozen<map<text, list<int>>>}. One use, one thread.
 */
public final class TypeParser {

  /** Finds user types by name. */
  @FunctionalInterface
  public interface UserTypes {
    /** No user types at all. */
    UserTypes NONE = (keyspace, name) -> null;

    /**
     * The (non-frozen) type of this name.
     *
     * @param keyspace null where the text names none
     */
    @Nullable UserType find(@Nullable String keyspace, String name);
  }

  private static final Map<String, Scalar> SCALARS = new TreeMap<>();

  static {
    for (Scalar scalar : Scalar.values()) {
      SCALARS.put(scalar.toString(), scalar);
    }
    SCALARS.put("varchar", Scalar.TEXT);
  }

  private final String text;
  private final UserTypes userTypes;
  private int position;

  private TypeParser(String text, UserTypes userTypes) {
    this.text = text;
    this.userTypes = userTypes;
  }

  /**
   * Reads a whole text as one type.
   *
   * @throws InvalidTypeException with a message for the user
   */
  public static CqlType parse(String text, UserTypes userTypes) {
    TypeParser parser = new TypeParser(text, userTypes);
    CqlType type = parser.type(false);
    parser.skipBlanks();
    if (parser.position != text.length()) {
      throw parser.unexpected();
    }
    return type;
  }

  private CqlType type(boolean insideFrozen) {
    skipBlanks();
    boolean quoted = peek() == '"';
    String word = word();
    String name = quoted ? word : word.toLowerCase(Locale.ROOT);
    if (peek() == '.') {
      position++;
      boolean nameQuoted = peek() == '"';
      String second = word();
      return user(name, nameQuoted ? second : second.toLowerCase(Locale.ROOT), insideFrozen);
    }
    if (quoted) {
      return user(null, name, insideFrozen);
    }
    return switch (name) {
      case "frozen" -> frozen();
      case "list" -> {
        CqlType element = only(insideFrozen);
        yield new ListType(nested("list", element), insideFrozen);
      }
      case "set" -> {
        CqlType element = only(insideFrozen);
        refuse(element, "sets");
        yield new SetType(nested("set", element), insideFrozen);
      }
      case "map" -> {
        expect('<');
        CqlType key = type(insideFrozen);
        expect(',');
        CqlType value = type(insideFrozen);
        expect('>');
        refuse(key, "map keys");
        yield new MapType(nested("map", key), nested("map", value), insideFrozen);
      }
      case "tuple" -> tuple();
      case "vector" -> vector();
      default -> {
        Scalar scalar = SCALARS.get(name);
        yield scalar != null ? scalar : user(null, name, insideFrozen);
      }
    };
  }

  private CqlType frozen() {
    expect('<');
    CqlType type = type(true);
    expect('>');
    return type.freeze();
  }

  private CqlType only(boolean insideFrozen) {
    expect('<');
    CqlType element = type(insideFrozen);
    expect('>');
    return element;
  }

  private TupleType tuple() {
    expect('<');
    List<CqlType> fields = new ArrayList<>();
    do {
      fields.add(type(true));
    } while (accept(','));
    expect('>');
    return new TupleType(fields);
  }

  private VectorType vector() {
    expect('<');
    CqlType element = type(true);
    expect(',');
    skipBlanks();
    int start = position;
    while (position < text.length() && Character.isDigit(text.charAt(position))) {
      position++;
    }
    if (start == position || position - start > 6) {
      throw unexpected();
    }
    int dimension = Integer.parseInt(text, start, position, 10);
    expect('>');
    return new VectorType(element, dimension);
  }

  private UserType user(@Nullable String keyspace, String name, boolean insideFrozen) {
    UserType found = userTypes.find(keyspace, name);
    if (found == null) {
      throw new InvalidTypeException(
          "Unknown type " + (keyspace == null ? "" : keyspace + ".") + name);
    }
    return insideFrozen ? found.freeze() : found;
  }

  /** A collection's element must be one value: a collection of collections needs {@code frozen}. */
  private static CqlType nested(String collection, CqlType element) {
    if (element == Scalar.COUNTER) {
      throw new InvalidTypeException("Counters are not allowed inside collections: " + collection);
    }
    if (!element.isFrozen()) {
      String what = element instanceof UserType ? "UDTs" : "collections";
      throw new InvalidTypeException(
          "Non-frozen "
              + what
              + " are not allowed inside collections: "
              + collection
              + "<"
              + element
              + ">");
    }
    return element;
  }

  private static void refuse(CqlType element, String where) {
    if (element.mentions(Scalar.DURATION)) {
      throw new InvalidTypeException("Durations are not allowed inside " + where);
    }
  }

  private String word() {
    if (peek() == '"') {
      return quotedWord();
    }
    int start = position;
    while (position < text.length() && isWordCharacter(text.charAt(position))) {
      position++;
    }
    if (start == position) {
      throw unexpected();
    }
    return text.substring(start, position);
  }

  private String quotedWord() {
    StringBuilder word = new StringBuilder();
    position++;
    while (true) {
      if (position >= text.length()) {
        throw unexpected();
      }
      char c = text.charAt(position++);
      if (c != '"') {
        word.append(c);
      } else if (peek() == '"') {
        word.append('"');
        position++;
      } else {
        return word.toString();
      }
    }
  }

  private static boolean isWordCharacter(char c) {
    return c == '_' || (c < 128 && Character.isLetterOrDigit(c));
  }

  private void expect(char c) {
    if (!accept(c)) {
      throw unexpected();
    }
  }

  private boolean accept(char c) {
    skipBlanks();
    if (peek() != c) {
      return false;
    }
    position++;
    return true;
  }

  private char peek() {
    return position < text.length() ? text.charAt(position) : '\0';
  }

  private void skipBlanks() {
    while (position < text.length() && Character.isWhitespace(text.charAt(position))) {
      position++;
    }
  }

  private InvalidTypeException unexpected() {
    return new InvalidTypeException("Cannot read a type at character " + position + " of " + text);
  }
}
