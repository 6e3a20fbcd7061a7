import Testing
@Test func placeholderProgram() {}
