import Testing
@Test func placeholderFormats() {}
