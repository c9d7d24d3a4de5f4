"""Certificates for tests, made with the program openssl."""
import pathlib
import shutil
import subprocess

from checks import Skipped


class Authority:
    """A certificate authority in a folder."""

    def __init__(self, folder, name="authority"):
        if not shutil.which("openssl"):
            raise Skipped("the program openssl is not there")
        self.folder = pathlib.Path(folder) / name
        self.folder.mkdir()
        self.certificate = self.folder / "ca.crt"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                      "-subj", f"/CN={name}", "-keyout", "ca.key", "-out", "ca.crt")

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=self.folder)

    def issue(self, name, subject="IP:127.0.0.1", days=2):
        """A certificate for `subject`: paths of certificate and key. With negative `days` it has expired."""
        (self.folder / f"{name}.ext").write_text(f"subjectAltName={subject}\n")
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                      "-keyout", f"{name}.key", "-out", f"{name}.csr")
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                      "-days", str(days), "-extfile", f"{name}.ext", "-out", f"{name}.crt")
        return self.folder / f"{name}.crt", self.folder / f"{name}.key"
