# SPDX-License-Identifier: MIT
"""nginx with a configuration of ours, unprivileged, on a port of its own."""

import os
import shutil

from . import net
from .process import Process

CONFIG = """
worker_processes 1;
daemon off;
{user}
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  types {{ application/vnd.apple.mpegurl m3u8; video/mp2t ts; }}
  {http}
}}
"""


class Nginx(Process):
    """@http is what is inside of http {}; {folder} in it is @folder."""

    def __init__(self, folder, port, http):
        os.makedirs(folder, exist_ok=True)
        config = os.path.join(folder, 'nginx.conf')
        # Started by root it would become somebody who may not write here.
        user = 'user root;' if os.geteuid() == 0 else ''
        with open(config, 'w', encoding='utf-8') as file:
            file.write(CONFIG.format(
                user=user, folder=folder,
                http=http.replace('{folder}', folder)))
        super().__init__([shutil.which('nginx') or '/usr/sbin/nginx',
                          '-c', config, '-e', 'stderr'])
        try:
            net.wait_listening(port)
        except TimeoutError as error:
            raise TimeoutError(f'{error}\n{self}') from None
