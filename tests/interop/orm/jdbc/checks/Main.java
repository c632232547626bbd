package checks;

/** pgjdbc by itself and under Hibernate, the same on Tarn and on PostgreSQL. */
public final class Main {
    private Main() {}

    public static void main(String[] args) throws Exception {
        java.util.TimeZone.setDefault(java.util.TimeZone.getTimeZone("UTC"));
        java.util.logging.LogManager.getLogManager().reset();
        switch (args[0]) {
            case "pgjdbc" -> {
                new Driver().checks();
                new Metadata().checks();
            }
            case "hibernate" -> {
                new Schema().checks();
                new Entities().checks();
                new Queries().checks();
            }
            default -> throw new IllegalArgumentException(args[0]);
        }
        System.out.flush();
        System.exit(0);
    }
}
