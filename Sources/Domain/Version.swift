/// The release that this program is.
public enum Version {
    public static let text = "0.1.0"
}
